# Nothing is closed for ever: when a closing result is withdrawn, the cause is open again with its old S, and so is the order.
# Proves: reopen/withdrawn
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 15:30
result T200 negative tested 15:00 reported 16:00 withdrawn
ada held because T100
order ada due 19:00
