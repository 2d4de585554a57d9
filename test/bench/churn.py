"""Gradient boosting on churn_features, for churn.sh: reads rows of (part, churned, features) and prints a line for each way to fit it."""
import sys

import numpy as np
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import brier_score_loss, roc_auc_score
from sklearn.model_selection import cross_val_predict

parts = {"train": ([], []), "test": ([], [])}
for line in sys.stdin:
    part, churned, features = line.rstrip("\n").split("\t")
    parts[part][0].append([float(x) for x in features.split(",")])
    parts[part][1].append(int(churned))
train, train_churned = (np.array(x) for x in parts["train"])
test, churned = (np.array(x) for x in parts["test"])


def show(title, risk):
    top = np.argsort(-risk, kind="stable")[: len(risk) // 10]
    deciles = np.array_split(np.argsort(risk, kind="stable"), 10)
    error = sum(len(d) * abs(churned[d].mean() - risk[d].mean()) for d in deciles) / len(risk)
    print(f"{title}: auc {roc_auc_score(churned, risk):.4f}, lift {churned[top].mean() / churned.mean():.3f}, precision {churned[top].mean():.3f}, "
          f"brier {brier_score_loss(churned, risk):.4f}, calibration error {error:.4f}")


boosting = GradientBoostingClassifier(random_state=1)
show("gradient boosting", boosting.fit(train, train_churned).predict_proba(test)[:, 1])
show("gradient boosting, told the outcome", cross_val_predict(boosting, test, churned, cv=5, method="predict_proba")[:, 1])
