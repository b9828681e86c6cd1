# A cdc negative on the same tube leaves a suspect open.
# Proves: suspect/same-tube-negative
any order
lab CDC is cdc
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00
result T200 negative tested 14:00 reported 15:00 lab CDC
ada suspect because T200
ada since 13:00
tube T200 says positive
