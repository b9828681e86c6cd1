# The mode of a tube is the newest tube.open's by at, also when it comes after the result.
# Proves: tube/mode-newest-open
any order
open T100 08:00 pool
scan T100 ada 08:01
result T100 positive tested 12:00 reported 13:00
ada held because T100
open T100 08:30 single
tube T100 single
ada suspect because T100
no order ada
