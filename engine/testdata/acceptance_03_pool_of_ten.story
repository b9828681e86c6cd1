# Acceptance 3: pool positive, members held; nine singles negative, one positive, in any order: same final states as in order.
# Proves: acceptance/3
any order
scan T100 p0 08:00
scan T100 p1 08:01
scan T100 p2 08:02
scan T100 p3 08:03
scan T100 p4 08:04
scan T100 p5 08:05
scan T100 p6 08:06
scan T100 p7 08:07
scan T100 p8 08:08
scan T100 p9 08:09
result T100 positive tested 12:00 reported 13:00
scan S0 p0 14:00 single
scan S1 p1 14:01 single
scan S2 p2 14:02 single
scan S3 p3 14:03 single
scan S4 p4 14:04 single
scan S5 p5 14:05 single
scan S6 p6 14:06 single
scan S7 p7 14:07 single
scan S8 p8 14:08 single
scan S9 p9 14:09 single
result S0 negative tested 16:00 reported 17:00
result S1 negative tested 16:00 reported 17:00
result S2 negative tested 16:00 reported 17:00
result S3 positive tested 16:00 reported 17:00
result S4 negative tested 16:00 reported 17:00
result S5 negative tested 16:00 reported 17:00
result S6 negative tested 16:00 reported 17:00
result S7 negative tested 16:00 reported 17:00
result S8 negative tested 16:00 reported 17:00
result S9 negative tested 16:00 reported 17:00
p0 negative
p3 suspect because S3
p9 negative
no order p0
no order p3
recheck p3 due 23:00
no alert T100
