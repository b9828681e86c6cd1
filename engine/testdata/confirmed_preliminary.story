# A confirmed is preliminary while all cdc labs that say so are.
# Proves: confirmed/preliminary
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 12:30 lab L1
result T200 positive tested 12:00 reported 13:00 lab CDC preliminary
ada confirmed because T200
ada preliminary T200
ada since 13:00
