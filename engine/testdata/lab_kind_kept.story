# Decided once: a result keeps whether its lab was a cdc when it came; what the lab is later changes nobody.
# Proves: confirmed/lab-kind-kept
scan T200 ada 08:01 single
result T200 positive tested 12:00 reported 13:00 lab L9
ada suspect because T200
lab L9 is cdc
ada suspect because T200
scan T300 ben 08:01 single
result T300 positive tested 12:00 reported 13:00 lab L9
ben confirmed because T300
lab L9 is lab
ben confirmed because T300
