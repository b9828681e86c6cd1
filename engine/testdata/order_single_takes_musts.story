# One open order a person: its causes are all those open, holds and musts, and due is the earliest over them.
# Proves: order/causes-all-open
any order
late scan T100 ada 08:01
late scan T200 ada 08:10
result T100 positive tested 12:00 reported 13:00
void T200 11:00
ada held because T100 T200
order ada due 17:00 because T100 T200
