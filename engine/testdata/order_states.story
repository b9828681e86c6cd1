# States open, acknowledged, unreachable, swabbed: the newest call since the order opened, and the swab that answers it.
# Proves: order/states
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
order ada open
ack ada 12:59
no flags
order ada open
ack ada 13:10
order ada acknowledged
unreachable ada 13:20
order ada unreachable
ack ada 13:20
order ada unreachable
ack ada 13:30
ack ada 13:30
duplicate
order ada acknowledged
late scan T200 ada 14:00
order ada acknowledged
scan T300 ada 14:10 single
refused person_in_other_tube
late scan T300 ada 14:10 single
order ada swabbed
result T300 negative tested 15:00 reported 16:00
no order ada
