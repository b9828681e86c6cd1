# A suspect has a recheck task of the same shape as an order.
# Proves: recheck/task
any order
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
late scan T300 ada 09:01 single
result T300 positive tested 12:00 reported 12:30
ada suspect because T200 T300
recheck ada due 18:30 because T200 T300
recheck ada open
no order ada
