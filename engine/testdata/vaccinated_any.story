# The round default lets people vaccinated yesterday into any tube.
# Proves: policy/vaccinated-any
roster ada vaccinated 09:00-1
scan T100 ada 08:01 pool
accepted
no flags
