# An order is swabbed by any waiting single swab later than its causes', also where a newer swab waits in a pool.
# Proves: order/swabbed-any-later-single
any order
late scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
late scan T200 ada 14:00 single
late scan T300 ada 14:30
ada pending T300
order ada swabbed
