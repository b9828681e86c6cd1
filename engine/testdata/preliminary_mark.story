# A preliminary positive or inconclusive opens its cause as its final would, marked preliminary.
# Proves: result/preliminary-mark
any order
scan T100 ada 08:01
scan T200 ben 08:01
scan T300 cem 08:01 single
result T100 positive tested 12:00 reported 13:00 preliminary
result T200 inconclusive tested 12:00 reported 13:00 preliminary
result T300 positive tested 12:00 reported 13:00 preliminary
result T300 positive tested 12:00 reported 14:00
ada held because T100
ada preliminary T100
ben held because T200
ben preliminary T200
cem suspect because T300
cem final T300
