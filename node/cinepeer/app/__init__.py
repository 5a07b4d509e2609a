"""What people do: publish, replicate, host, rate, recommend, audit."""
