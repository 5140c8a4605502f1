"""Why a pod has its status."""
