# A discharge that counts removes negatives and holds too.
# Proves: discharge/removes-negatives
any order
lab CDC is cdc
late scan T100 ada 07:00
result T100 negative tested 09:00 reported 10:00
late scan T150 ada 07:30
result T150 positive tested 09:00 reported 10:00
late scan T200 ada 07:00 single
result T200 positive tested 12:00 reported 13:00 lab CDC
discharge ada 18:00
ada unknown
ada no negative
no order ada
