# When the closing swab turns out another's, by a transfer, the cause is open again.
# Proves: reopen/transferred
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
result T200 negative tested 15:00 reported 15:30
transfer ada from T200 to T300 16:00
ada held because T100
ada pending T300
order ada due 19:00
