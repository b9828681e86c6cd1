# While the second swab waits, the person is held and has a pending swab.
# Proves: state/held-and-pending
any order
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
scan T200 ada 14:01 single
ada held because T100
ada pending T200
order ada due 19:00
