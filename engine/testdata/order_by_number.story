# A call names an order by its number, or the person; a number that was never given is refused.
# Proves: order/by-number
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
ack order 1 13:10
accepted
order ada acknowledged
ack ada 13:10
duplicate
unreachable order 2 13:20
refused recollection_unknown
ack ben 13:10
accepted
flag no_order
