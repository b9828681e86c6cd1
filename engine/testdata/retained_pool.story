# Retained pools: nobody is recalled. A person has one open order while held by at least one cause that is not a retained pool.
# Proves: order/retained-pool
any order
open T100 07:50 pool retained
scan T100 ada 08:01
scan T100 ben 08:02
late scan T200 ben 09:00
result T100 positive tested 12:00 reported 13:00
result T200 positive tested 13:00 reported 14:00
ada held because T100
no order ada
ben held because T100 T200
order ben due 19:00
