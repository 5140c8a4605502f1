"""Who a name or id stands for, what became of a pod that is missing, and who may see which pod."""
