"""What people do: publish, replicate, host, rate, recommend, audit. Asyncio; every outside part is passed in."""
