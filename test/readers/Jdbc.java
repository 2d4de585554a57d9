import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.math.BigDecimal;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DatabaseMetaData;
import java.sql.Date;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.ResultSetMetaData;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Timestamp;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Properties;
import javax.net.SocketFactory;

/**
 * Reads a schema through JDBC, as Metabase and DBeaver do, and prints what it found in the form that test/tap/readers.sh describes.
 *
 * <p>java -cp postgresql.jar:DIRECTORY Jdbc SOCKET DATABASE USER SCHEMA DAY LABEL
 */
public class Jdbc {
	private static final DateTimeFormatter SECONDS = DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss").withZone(ZoneOffset.UTC);
	private static final PrintStream out = new PrintStream(System.out, false, StandardCharsets.UTF_8);

	/** The driver knows TCP alone, and the server of the tests listens on a socket file alone. */
	public static class UnixSockets extends SocketFactory {
		private final UnixDomainSocketAddress address;

		public UnixSockets(String path) { address = UnixDomainSocketAddress.of(path); }

		@Override public Socket createSocket() { return new UnixSocket(address); }
		@Override public Socket createSocket(String host, int port) { return createSocket(); }
		@Override public Socket createSocket(String host, int port, InetAddress local, int localPort) { return createSocket(); }
		@Override public Socket createSocket(InetAddress host, int port) { return createSocket(); }
		@Override public Socket createSocket(InetAddress host, int port, InetAddress local, int localPort) { return createSocket(); }
	}

	private static class UnixSocket extends Socket {
		private final UnixDomainSocketAddress address;
		private SocketChannel channel;

		UnixSocket(UnixDomainSocketAddress address) { this.address = address; }

		@Override public void connect(SocketAddress ignored, int timeout) throws IOException { channel = SocketChannel.open(address); }
		@Override public boolean isConnected() { return channel != null; }
		@Override public InputStream getInputStream() { return Channels.newInputStream(channel); }
		@Override public OutputStream getOutputStream() { return Channels.newOutputStream(channel); }
		@Override public void setTcpNoDelay(boolean on) { }
		@Override public void setKeepAlive(boolean on) { }
		@Override public void setSoTimeout(int timeout) { }
		@Override public int getSoTimeout() { return 0; }
		@Override public void close() throws IOException { channel.close(); }
	}

	/** A value of the class that getObject gives for its type; a moment in UTC. */
	private static String text(Object value) {
		if (value == null)
			return "\\N";
		if (value instanceof Double number)
			return String.format("%016x", Double.doubleToRawLongBits(number));
		if (value instanceof BigDecimal number)
			return number.toPlainString();
		if (value instanceof Timestamp time)
			return SECONDS.format(time.toInstant());
		if (value instanceof LocalDateTime time)
			return SECONDS.format(time.atOffset(ZoneOffset.UTC));
		return value.toString().replace("\t", "\\t").replace("\n", "\\n");
	}

	private static void line(Object... fields) {
		List<String> texts = new ArrayList<>();
		for (Object field : fields)
			texts.add(text(field));
		out.println(String.join("\t", texts));
	}

	/** The classes of a result's columns, and its rows. */
	private static void result(String relation, ResultSet found) throws SQLException {
		ResultSetMetaData columns = found.getMetaData();
		for (int i = 1; i <= columns.getColumnCount(); i++)
			line("type", relation, columns.getColumnName(i), columns.getColumnClassName(i));
		while (found.next()) {
			List<Object> fields = new ArrayList<>(List.of("row", relation));
			for (int i = 1; i <= columns.getColumnCount(); i++)
				fields.add(columns.getColumnTypeName(i).equals("timestamp") ? found.getObject(i, LocalDateTime.class) : found.getObject(i));
			line(fields.toArray());
		}
	}

	private static List<String> catalog(DatabaseMetaData catalog, String schema) throws SQLException {
		List<String> names = new ArrayList<>();
		try (ResultSet found = catalog.getTables(null, schema, "%", new String[] {"TABLE", "VIEW"})) {
			while (found.next()) {
				names.add(found.getString("TABLE_NAME"));
				line("relation", found.getString("TABLE_NAME"), found.getString("TABLE_TYPE"));
				if (found.getString("REMARKS") != null)
					line("comment", found.getString("TABLE_NAME"), "", found.getString("REMARKS"));
			}
		}
		try (ResultSet found = catalog.getColumns(null, schema, "%", "%")) {
			while (found.next()) {
				line("column", found.getString("TABLE_NAME"), found.getString("COLUMN_NAME"), found.getString("TYPE_NAME"), found.getInt("COLUMN_SIZE"), found.getInt("DECIMAL_DIGITS"));
				if (found.getString("REMARKS") != null)
					line("comment", found.getString("TABLE_NAME"), found.getString("COLUMN_NAME"), found.getString("REMARKS"));
			}
		}
		return names;
	}

	public static void main(String[] arguments) throws SQLException {
		String schema = arguments[3];
		Properties properties = new Properties();
		properties.put("user", arguments[2]);
		properties.put("socketFactory", UnixSockets.class.getName());
		properties.put("socketFactoryArg", arguments[0]);
		try (Connection connection = DriverManager.getConnection("jdbc:postgresql://localhost/" + arguments[1], properties);
				Statement statement = connection.createStatement()) {
			for (String name : catalog(connection.getMetaData(), schema))
				result(name, statement.executeQuery(String.format("SELECT * FROM \"%s\".\"%s\"", schema, name)));
			// The function of a view for a day and a segment that are parameters, as the filters of a dashboard are.
			try (PreparedStatement prepared = connection.prepareStatement(String.format("SELECT * FROM \"%s\".customers_at(?) WHERE segment_label = ?", schema))) {
				prepared.setDate(1, Date.valueOf(arguments[4]));
				prepared.setString(2, arguments[5]);
				result("customers_at", prepared.executeQuery());
			}
		}
		out.flush();
	}
}
