# One open order while held or must_resample, never otherwise: a suspect whom nothing holds has none.
# Proves: order/never-otherwise
any order
scan T100 ada 08:01
lost T100 10:00
late scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
ada suspect because T100 T200
no order ada
recheck ada due 19:00
