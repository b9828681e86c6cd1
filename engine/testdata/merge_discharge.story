# A discharge of any identity counts for the human.
# Proves: merge/discharge
any order
lab CDC is cdc
late scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab CDC
discharge eva 18:00
merge ada into eva 19:00
ada unknown
eva unknown
