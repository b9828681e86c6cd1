# Policy recheck "same_specimen" lets a cdc negative on the same tube release.
# Proves: suspect/same-specimen-policy
any order
lab CDC is cdc
round R1 recheck same_specimen
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
result T200 negative tested 14:00 reported 15:00 lab CDC
scan T300 ben 08:01 single
result T300 positive tested 12:00 reported 13:00
result T300 negative tested 14:00 reported 15:00 lab L2
ada negative
ada since 15:00
ada last negative T200
ben suspect because T300
