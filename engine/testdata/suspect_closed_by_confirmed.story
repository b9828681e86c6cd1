# Suspect: closed by confirmed, with a later S.
# Proves: suspect/closed-by-confirmed
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
scan T300 ada 14:00 single recheck
result T300 positive tested 16:00 reported 17:00 lab CDC
ada confirmed because T300
ada since 17:00
no recheck ada
