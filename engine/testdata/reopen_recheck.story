# When the recheck that ended a suspect is withdrawn, the suspect and its recheck are back.
# Proves: reopen/recheck
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
scan T300 ada 14:00 single recheck
result T300 negative tested 16:00 reported 17:00 lab CDC
result T300 negative tested 16:00 reported 18:00 lab CDC withdrawn
ada suspect because T200
ada pending T300
recheck ada due 19:00 because T200
recheck ada swabbed
