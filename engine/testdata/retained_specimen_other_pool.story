# The retained specimen's negative closes its own pool's hold, and only where the pool retains specimens.
# Proves: hold/retained-specimen-own-pool
any order
late scan T100 ada 08:01
late scan T101 ada 08:01 retained_of T100
result T100 positive tested 12:00 reported 13:00
result T101 negative tested 14:00 reported 15:00
ada held because T100
order ada due 19:00
