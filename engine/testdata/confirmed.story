# Confirmed: a cdc lab's positive on a single tube.
# Proves: confirmed/cdc-positive
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab L1
result T200 positive tested 14:00 reported 15:00 lab CDC
ada confirmed because T200
ada since 15:00
no order ada
no recheck ada
