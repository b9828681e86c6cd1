# Discharges are taken in the order of their at: one ends the illness of spring, one that of autumn.
# Proves: discharge/in-order
any order
lab CDC is cdc
late scan T200 ada 08:01 single
result T200 positive tested 09:00 reported 10:00 lab CDC
discharge ada 11:00
late scan T300 ada 12:00 single
result T300 positive tested 13:00 reported 14:00 lab CDC
discharge ada 15:00
late scan T400 ada 16:00
result T400 negative tested 17:00 reported 18:00
ada negative
ada last negative T400
