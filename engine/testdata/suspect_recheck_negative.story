# Suspect: closed by a negative of a recheck single by a cdc lab, swabbed later.
# Proves: suspect/closed-by-recheck
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
scan T300 ada 14:00 single recheck
result T300 negative tested 16:00 reported 17:00 lab CDC
ada negative
ada last negative T300
no recheck ada
no order ada
