# One open order a person; its causes are all those open, due is the earliest report plus six hours.
# Proves: order/due-earliest
any order
scan T100 ada 08:01
late scan T200 ada 09:01
result T200 positive tested 12:00 reported 13:00
order ada due 19:00 because T200
result T100 inconclusive tested 12:00 reported 12:30
ada held because T100 T200
ada since 12:30
order ada due 18:30 because T100 T200
