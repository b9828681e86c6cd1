# A transfer is never refused: a full, closed or resulted tube is flagged.
# Proves: flag/transfer
scan T100 ada 08:01
open T200 08:00 pool capacity 1
scan T200 ben 08:02
close T200 08:30
result T200 negative tested 09:00 reported 09:30
transfer ada from T100 to T200 10:00
accepted
flag over_capacity
flag after_close
flag after_result
