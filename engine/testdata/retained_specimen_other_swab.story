# A retained pool is not freed by a specimen of another swab, nor by one that shares a tube.
# Proves: hold/retained-specimen-same-swab
any order
open T100 08:00 pool retained
late scan T100 ada 08:01
late scan T101 ada 07:01 retained_of T100
late scan T100 ben 08:02
late scan T102 ben 08:02 pool retained_of T100
late scan T102 cem 08:02 pool
result T100 positive tested 12:00 reported 13:00
result T101 negative tested 14:00 reported 15:00
result T102 negative tested 14:00 reported 15:00
ada held because T100
ben held because T100
