# What was swabbed or reported after the discharge, and what waits for its outcome, stays.
# Proves: discharge/leaves-later
any order
lab CDC is cdc
late scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab CDC
late scan T300 ada 08:30
result T300 negative tested 12:00 reported 19:00
discharge ada 18:00
ada negative
ada last negative T300
late scan T400 ada 20:00 single
result T400 positive tested 21:00 reported 22:00 lab CDC
ada confirmed because T400
late scan T500 ada 17:00
