-- The customer base of the shop: all that an analyst sets up, once.
SELECT * FROM create_customer_base('shop', source => 'public.order_lines',
	customer => 'customer_id', purchased_at => 'ordered_at', amount => 'quantity * unit_price', order_id => 'order_id',
	customers => 'public.customers', customers_key => 'customer_id', attributes => '{name,city}',
	as_of => 'last_purchase', time_zone => 'Asia/Shanghai', currency => 'CNY');
