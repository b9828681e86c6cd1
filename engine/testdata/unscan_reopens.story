# Nothing is closed for ever: when the releasing negative is unbound, the hold is open again, and so is the order.
# Proves: reopen/unbound
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
scan T200 ada 14:01 single
result T200 negative tested 16:00 reported 17:00
ada negative
no order ada
unscan T200 ada 17:30 by station
ada held because T100
ada since 13:00
order ada due 19:00 because T100
