# Vaccinated less than 48 h before the swab: deferred, where policy says so; a late scan is taken and flagged.
# Proves: policy/vaccinated-defer
round R1 vaccinated defer
roster ada vaccinated 09:00-1
scan T100 ada 08:01 single
refused deferred
late scan T100 ada 08:01 single
accepted
flag deferred
