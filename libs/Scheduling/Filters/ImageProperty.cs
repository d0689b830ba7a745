using System.Collections.Frozen;
using System.Globalization;
using Kilonova.Crds;
using Kilonova.Scheduling.Expressions;

namespace Kilonova.Scheduling.Filters;

/// <summary>Reads image properties as Nova does: by known names, older names included, each with its type.</summary>
internal static class ImageProperty
{
    private static readonly FrozenDictionary<string, string> OlderNames = new Dictionary<string, string>
    {
        ["hw_architecture"] = "architecture",
        ["img_hv_type"] = "hypervisor_type",
        ["img_hv_requested_version"] = "hypervisor_version_requires",
        ["hw_vm_mode"] = "vm_mode",
        ["hw_auto_disk_config"] = "auto_disk_config",
        ["hw_ipxe_boot"] = "ipxe_boot",
    }.ToFrozenDictionary(StringComparer.Ordinal);

    private static readonly FrozenSet<string> Flags = FrozenSet.Create(StringComparer.Ordinal,
        "hw_auto_disk_config", "hw_boot_menu", "hw_ephemeral_encryption", "hw_ipxe_boot", "hw_locked_memory", "hw_mem_encryption", "hw_pmu", "hw_qemu_guest_agent", "hw_time_hpet",
        "hw_vif_multiqueue_enabled", "img_bdm_v2", "img_cache_in_nova", "img_hide_hypervisor_id", "img_linked_clone", "img_use_agent", "os_require_quiesce",
        "os_skip_agent_inject_files_at_boot", "os_skip_agent_inject_ssh");

    private static readonly FrozenSet<string> Numbers = FrozenSet.Create(StringComparer.Ordinal,
        "hw_cpu_cores", "hw_cpu_max_cores", "hw_cpu_max_sockets", "hw_cpu_max_threads", "hw_cpu_sockets", "hw_cpu_threads", "hw_device_id", "hw_numa_nodes", "hw_serial_port_count",
        "hw_video_ram", "img_compression_level", "img_version");

    private static readonly FrozenSet<string> Texts = FrozenSet.Create(StringComparer.Ordinal,
        "hw_architecture", "hw_cdrom_bus", "hw_cpu_policy", "hw_cpu_realtime_mask", "hw_cpu_thread_policy", "hw_disk_bus", "hw_disk_type", "hw_emulation_architecture",
        "hw_ephemeral_encryption_format", "hw_firmware_type", "hw_input_bus", "hw_machine_type", "hw_mem_page_size", "hw_pci_numa_affinity_policy", "hw_pointer_model",
        "hw_rescue_bus", "hw_rescue_device", "hw_rng_model", "hw_scsi_model", "hw_tpm_model", "hw_tpm_version", "hw_video_model", "hw_vif_model", "hw_viommu_model", "hw_vm_mode",
        "hw_watchdog_action", "img_bittorrent", "img_config_drive", "img_hv_requested_version", "img_hv_type", "img_owner_id", "img_root_device_name", "img_signature",
        "img_signature_certificate_uuid", "img_signature_hash_method", "img_signature_key_type", "os_admin_user", "os_command_line", "os_distro", "os_secure_boot", "os_type");

    /// <summary>A property as Nova compares it: flags are <c>True</c>, names of architectures, hypervisors and modes are the canonical ones.</summary>
    /// <returns>Null when the image has no such property, or it is false, 0 or empty, or no property has this name.</returns>
    /// <exception cref="FormatException">It is no value of its type.</exception>
    public static string? Text(ImageSpec? image, string name)
    {
        if (Raw(image, name) is not { Length: > 0 } value) return null;
        if (Flags.Contains(name)) return IsTrue(value) ? "True" : null;
        if (Numbers.Contains(name))
        {
            if (!PythonNumber.TryInteger(value, out var number)) throw new FormatException($"{name}: must be a whole number, is {value}");
            return number == 0 ? null : number.ToString(CultureInfo.InvariantCulture);
        }

        if (!Texts.Contains(name)) return null;
        return name switch
        {
            "hw_architecture" or "hw_emulation_architecture" => GuestKind.Architecture(value),
            "img_hv_type" => GuestKind.HypervisorType(value),
            "hw_vm_mode" => GuestKind.VmMode(value),
            _ => value,
        };
    }

    /// <summary>Whether a flag is set.</summary>
    public static bool Flag(ImageSpec? image, string name) => Raw(image, name) is { } value && IsTrue(value);

    /// <summary>A property as it stands, by its name or its older one.</summary>
    public static string? Raw(ImageSpec? image, string name)
    {
        if (image?.Properties is not { } properties) return null;
        if (properties.TryGetValue(name, out var value)) return value;
        return OlderNames.TryGetValue(name, out var older) && properties.TryGetValue(older, out value) ? value : null;
    }

    /// <summary>Whether Nova takes a text for true.</summary>
    public static bool IsTrue(string value) => value.Trim().ToLowerInvariant() is "1" or "t" or "true" or "on" or "y" or "yes";
}
