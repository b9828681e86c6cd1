# Confirmed ends by nothing but a discharge: not by a later negative, not by a cdc recheck's.
# Proves: confirmed/stays
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab CDC
late scan T300 ada 14:00 single recheck
result T300 negative tested 16:00 reported 17:00 lab CDC
ada confirmed because T200
ada last negative T300
