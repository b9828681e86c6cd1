# Suspect: opened by a positive retained_of tube, also where the tube is no single one.
# Proves: suspect/retained-specimen
any order
open T100 08:00 pool retained
late scan T100 ada 08:01
late scan T101 ada 08:01 pool retained_of T100
result T100 positive tested 12:00 reported 13:00
result T101 positive tested 14:00 reported 15:00
ada suspect because T101
no order ada
recheck ada due 21:00
