// Part of daqd
// SPDX-License-Identifier: MIT
// Debian keeps the serial HDF5 beside the MPI one; its macros that Swift cannot see become functions here.
#pragma once
#include <hdf5/serial/hdf5.h>
#include <sys/prctl.h>

static inline unsigned daqd_h5_read_only(void) { return H5F_ACC_RDONLY; }
static inline unsigned daqd_h5_read_write(void) { return H5F_ACC_RDWR; }
static inline unsigned daqd_h5_exclusive(void) { return H5F_ACC_EXCL; }

static inline hid_t daqd_h5_file_access(void) { return H5P_FILE_ACCESS; }
static inline hid_t daqd_h5_file_create(void) { return H5P_FILE_CREATE; }
static inline hid_t daqd_h5_dataset_create(void) { return H5P_DATASET_CREATE; }
static inline hid_t daqd_h5_link_create(void) { return H5P_LINK_CREATE; }
static inline hid_t daqd_h5_default(void) { return H5P_DEFAULT; }
static inline hsize_t daqd_h5_unlimited(void) { return H5S_UNLIMITED; }
static inline hid_t daqd_h5_c_string(void) { return H5T_C_S1; }

// kind: 0 unsigned integer, 1 signed integer, 2 floating point; size in bytes; -1 where HDF5 has no such type
static inline hid_t daqd_h5_type(int kind, size_t size) {
    switch (kind * 16 + (int)size) {
    case 1: return H5T_NATIVE_UINT8;
    case 2: return H5T_NATIVE_UINT16;
    case 4: return H5T_NATIVE_UINT32;
    case 8: return H5T_NATIVE_UINT64;
    case 17: return H5T_NATIVE_INT8;
    case 18: return H5T_NATIVE_INT16;
    case 20: return H5T_NATIVE_INT32;
    case 24: return H5T_NATIVE_INT64;
    case 36: return H5T_NATIVE_FLOAT;
    case 40: return H5T_NATIVE_DOUBLE;
    default: return -1;
    }
}

// The name that ps, top and perf show for the calling thread.
static inline void daqd_name_thread(void) { prctl(PR_SET_NAME, "daqd-hdf5", 0, 0, 0); }
