# A cdc lab's positive on a pool holds its members as any lab's does.
# Proves: confirmed/not-by-pool
any order
lab CDC is cdc
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00 lab CDC
ada held because T100
