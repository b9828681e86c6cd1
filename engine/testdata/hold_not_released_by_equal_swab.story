# Strictly later: a single swab taken in the same second as the pool's releases nobody.
# Proves: hold/strictly-later
any order
scan T100 ada 08:01
late scan T200 ada 08:01 single
result T100 positive tested 12:00 reported 13:00
result T200 negative tested 12:00 reported 14:00
ada held because T100
