# discharge counts with a confirmed cause swabbed and reported by its at; it removes every sample both swabbed and reported by then.
# Proves: discharge/ends-confirmed
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab CDC
discharge ada 13:00 because recovered
no flags
ada unknown
ada no negative
