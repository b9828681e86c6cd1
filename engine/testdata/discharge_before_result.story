# A discharge that came before its confirmed cause counts when that comes.
# Proves: discharge/any-order
any order
lab CDC is cdc
discharge ada 18:00
flag not_confirmed
late scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab CDC
ada unknown
