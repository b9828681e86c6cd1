# A live scan into a tube with a result is refused; closed and full come after that.
# Proves: refusal/tube_already_resulted
open T100 08:00 capacity 1
scan T100 ada 08:01
close T100 08:10
result T100 negative tested 12:00 reported 13:00
scan T100 ben 08:02
refused tube_already_resulted
ben unknown
late scan T100 ben 08:02
accepted
flag after_result
flag after_close
flag over_capacity
ben negative
