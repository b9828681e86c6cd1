# What was said of an order counts in whatever order it came.
# Proves: order/states-any-order
any order
scan T100 ada 08:01
scan T100 ben 08:01
result T100 positive tested 12:00 reported 13:00
unreachable ada 13:20
ack ada 13:20
ack ben 13:40
unreachable ben 13:20
order ada unreachable
order ben acknowledged
