//! The predefined extensions of observables and the sub-objects within them (sections 6.7 to 6.18).

use super::common_properties::{COUNT, TEXTS, WHOLE};
use super::schema::{Kind, Property, Rule, Structure, Targets, may, must};
use super::vocabularies as vocabulary;

const fn extension(
    name: &'static str,
    section: &'static str,
    properties: &'static [Property],
    rules: &'static [Rule],
) -> Structure {
    Structure {
        name,
        section,
        properties,
        rules,
    }
}

const FILES: Kind = Kind::List(&Kind::Reference(Targets::Types(&["file"])));

static ALTERNATE_DATA_STREAM: Structure = extension(
    "alternate-data-stream-type",
    "6.7.3",
    &[
        must("name", Kind::Text),
        may("hashes", Kind::Hashes),
        may("size", COUNT),
    ],
    &[],
);

static PE_OPTIONAL_HEADER: Structure = extension(
    "windows-pe-optional-header-type",
    "6.7.6",
    &[
        may("magic_hex", Kind::Hex),
        may("major_linker_version", WHOLE),
        may("minor_linker_version", WHOLE),
        may("size_of_code", COUNT),
        may("size_of_initialized_data", COUNT),
        may("size_of_uninitialized_data", COUNT),
        may("address_of_entry_point", WHOLE),
        may("base_of_code", WHOLE),
        may("base_of_data", WHOLE),
        may("image_base", WHOLE),
        may("section_alignment", WHOLE),
        may("file_alignment", WHOLE),
        may("major_os_version", WHOLE),
        may("minor_os_version", WHOLE),
        may("major_image_version", WHOLE),
        may("minor_image_version", WHOLE),
        may("major_subsystem_version", WHOLE),
        may("minor_subsystem_version", WHOLE),
        may("win32_version_value_hex", Kind::Hex),
        may("size_of_image", COUNT),
        may("size_of_headers", COUNT),
        may("checksum_hex", Kind::Hex),
        may("subsystem_hex", Kind::Hex),
        may("dll_characteristics_hex", Kind::Hex),
        may("size_of_stack_reserve", COUNT),
        may("size_of_stack_commit", COUNT),
        may("size_of_heap_reserve", COUNT),
        may("size_of_heap_commit", COUNT),
        may("loader_flags_hex", Kind::Hex),
        may("number_of_rva_and_sizes", WHOLE),
        may("hashes", Kind::Hashes),
    ],
    &[Rule::OwnProperty],
);

static PE_SECTION: Structure = extension(
    "windows-pe-section-type",
    "6.7.6",
    &[
        must("name", Kind::Text),
        may("size", COUNT),
        may("entropy", Kind::Float(f64::MIN, f64::MAX)),
        may("hashes", Kind::Hashes),
    ],
    &[],
);

/// Sections 6.7.2 to 6.7.6.
pub(super) static FILE: [Structure; 5] = [
    extension(
        "archive-ext",
        "6.7.2",
        &[
            must(
                "contains_refs",
                Kind::List(&Kind::Reference(Targets::Types(&["file", "directory"]))),
            ),
            may("comment", Kind::Text),
        ],
        &[],
    ),
    extension(
        "ntfs-ext",
        "6.7.3",
        &[
            may("sid", Kind::Text),
            may(
                "alternate_data_streams",
                Kind::List(&Kind::Structure(&ALTERNATE_DATA_STREAM)),
            ),
        ],
        &[Rule::OwnProperty],
    ),
    extension(
        "pdf-ext",
        "6.7.4",
        &[
            may("version", Kind::Text),
            may("is_optimized", Kind::Boolean),
            may("document_info_dict", Kind::Dictionary(&Kind::Text)),
            may("pdfid0", Kind::Text),
            may("pdfid1", Kind::Text),
        ],
        &[Rule::OwnProperty],
    ),
    extension(
        "raster-image-ext",
        "6.7.5",
        &[
            may("image_height", WHOLE),
            may("image_width", WHOLE),
            may("bits_per_pixel", WHOLE),
            may("exif_tags", Kind::Dictionary(&Kind::Any)),
        ],
        &[Rule::OwnProperty],
    ),
    extension(
        "windows-pebinary-ext",
        "6.7.6",
        &[
            must("pe_type", Kind::Open(vocabulary::WINDOWS_PEBINARY_TYPE)),
            may("imphash", Kind::Text),
            may("machine_hex", Kind::Hex),
            may("number_of_sections", WHOLE),
            may("time_date_stamp", Kind::Timestamp),
            may("pointer_to_symbol_table_hex", Kind::Hex),
            may("number_of_symbols", WHOLE),
            may("size_of_optional_header", COUNT),
            may("characteristics_hex", Kind::Hex),
            may("file_header_hashes", Kind::Hashes),
            may("optional_header", Kind::Structure(&PE_OPTIONAL_HEADER)),
            may("sections", Kind::List(&Kind::Structure(&PE_SECTION))),
        ],
        &[Rule::OneOf(&[
            "imphash",
            "machine_hex",
            "number_of_sections",
            "time_date_stamp",
            "pointer_to_symbol_table_hex",
            "number_of_symbols",
            "size_of_optional_header",
            "characteristics_hex",
            "file_header_hashes",
            "optional_header",
            "sections",
        ])],
    ),
];

/// Sections 6.12.2 to 6.12.5.
pub(super) static NETWORK_TRAFFIC: [Structure; 4] = [
    extension(
        "http-request-ext",
        "6.12.2",
        &[
            must("request_method", Kind::Text),
            must("request_value", Kind::Text),
            may("request_version", Kind::Text),
            may("request_header", Kind::Dictionary(&TEXTS)),
            may("message_body_length", WHOLE),
            may(
                "message_body_data_ref",
                Kind::Reference(Targets::Types(&["artifact"])),
            ),
        ],
        &[],
    ),
    extension(
        "icmp-ext",
        "6.12.3",
        &[
            must("icmp_type_hex", Kind::Hex),
            must("icmp_code_hex", Kind::Hex),
        ],
        &[],
    ),
    extension(
        "socket-ext",
        "6.12.4",
        &[
            must(
                "address_family",
                Kind::Closed(vocabulary::NETWORK_SOCKET_ADDRESS_FAMILY),
            ),
            may("is_blocking", Kind::Boolean),
            may("is_listening", Kind::Boolean),
            may("options", Kind::Dictionary(&WHOLE)),
            may("socket_type", Kind::Closed(vocabulary::NETWORK_SOCKET_TYPE)),
            may("socket_descriptor", WHOLE),
            may("socket_handle", WHOLE),
        ],
        &[],
    ),
    extension(
        "tcp-ext",
        "6.12.5",
        &[
            may("src_flags_hex", Kind::Hex),
            may("dst_flags_hex", Kind::Hex),
        ],
        &[Rule::OwnProperty],
    ),
];

/// Sections 6.13.2 and 6.13.3.
pub(super) static PROCESS: [Structure; 2] = [
    extension(
        "windows-process-ext",
        "6.13.2",
        &[
            may("aslr_enabled", Kind::Boolean),
            may("dep_enabled", Kind::Boolean),
            may("priority", Kind::Text),
            may("owner_sid", Kind::Text),
            // The standard writes `windows_title`; its JSON schemas and the libraries write the other.
            may("windows_title", Kind::Text),
            may("window_title", Kind::Text),
            may("startup_info", Kind::Dictionary(&Kind::Any)),
            may(
                "integrity_level",
                Kind::Closed(vocabulary::WINDOWS_INTEGRITY_LEVEL),
            ),
        ],
        &[Rule::OwnProperty],
    ),
    extension(
        "windows-service-ext",
        "6.13.3",
        &[
            may("service_name", Kind::Text),
            may("descriptions", TEXTS),
            may("display_name", Kind::Text),
            may("group_name", Kind::Text),
            may(
                "start_type",
                Kind::Closed(vocabulary::WINDOWS_SERVICE_START_TYPE),
            ),
            may("service_dll_refs", FILES),
            may(
                "service_type",
                Kind::Closed(vocabulary::WINDOWS_SERVICE_TYPE),
            ),
            may(
                "service_status",
                Kind::Closed(vocabulary::WINDOWS_SERVICE_STATUS),
            ),
        ],
        &[Rule::OwnProperty],
    ),
];

/// Section 6.16.2.
pub(super) static USER_ACCOUNT: [Structure; 1] = [extension(
    "unix-account-ext",
    "6.16.2",
    &[
        may("gid", WHOLE),
        may("groups", TEXTS),
        may("home_dir", Kind::Text),
        may("shell", Kind::Text),
    ],
    &[Rule::OwnProperty],
)];

/// Section 6.18.2.
pub(super) static X509_V3: Structure = extension(
    "x509-v3-extensions-type",
    "6.18.2",
    &[
        may("basic_constraints", Kind::Text),
        may("name_constraints", Kind::Text),
        may("policy_constraints", Kind::Text),
        may("key_usage", Kind::Text),
        may("extended_key_usage", Kind::Text),
        may("subject_key_identifier", Kind::Text),
        may("authority_key_identifier", Kind::Text),
        may("subject_alternative_name", Kind::Text),
        may("issuer_alternative_name", Kind::Text),
        may("subject_directory_attributes", Kind::Text),
        may("crl_distribution_points", Kind::Text),
        may("inhibit_any_policy", Kind::Text),
        may("private_key_usage_period_not_before", Kind::Timestamp),
        may("private_key_usage_period_not_after", Kind::Timestamp),
        may("certificate_policies", Kind::Text),
        may("policy_mappings", Kind::Text),
    ],
    &[Rule::OwnProperty],
);
