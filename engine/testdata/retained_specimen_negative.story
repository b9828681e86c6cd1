# A retained pool's hold is closed also by a negative of the tube scanned retained_of it, whose S is the same.
# Proves: hold/closed-by-retained-specimen
any order
open T100 08:00 pool retained
late scan T100 ada 08:01
late scan T101 ada 08:01 retained_of T100
late scan T100 ben 08:02
late scan T102 ben 08:02 retained_of T100
result T100 positive tested 12:00 reported 13:00
result T101 negative tested 14:00 reported 15:00
ada negative
ada last negative T101
no order ada
ben held because T100
no order ben
