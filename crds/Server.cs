using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A virtual machine, as its user wants it. The namespace is the project.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "Server", "servers")]
[Resource("user", "operator", ShortNames = ["srv"], Categories = ["all"], Selectable = [".spec.flavor", ".spec.powerState", ".status.host", ".status.phase", ".status.instanceID"])]
[Rule("size(self.metadata.name) <= 63 && !self.metadata.name.contains('.')", "metadata.name must be a DNS label of at most 63 characters: it is the guest's hostname unless spec.hostname is given")]
[Column("Phase", ".status.phase")]
[Column("Task", ".status.taskState")]
[Column("Ready", ".status.conditions[?(@.type==\"Ready\")].status")]
[Column("Reason", ".status.conditions[?(@.type==\"Ready\")].reason")]
[Column("Host", ".status.host")]
[Column("Address", ".status.addresses[0].address")]
[Column("Flavor", ".spec.flavor")]
[Column("Power", ".status.powerState", Wide = true)]
[Column("Zone", ".status.availabilityZone", Wide = true)]
[Column("Image", ".spec.image.name", Wide = true)]
[Column("Instance", ".status.instanceID", Wide = true)]
[Column("Message", ".status.conditions[?(@.type==\"Ready\")].message", Wide = true)]
public sealed record Server : KubernetesObject<ServerSpec, ServerStatus>;

/// <summary>What the user wants of a server. Written by users only.</summary>
[Rule("!(has(self.userData) && has(self.userDataFrom))", "userData and userDataFrom cannot both be given", FieldPath = ".userDataFrom")]
[Rule("has(self.image)", "image is required: this version makes every root disk from an image", FieldPath = ".image")]
[Rule("!has(self.lockedReason) || has(self.locked)", "lockedReason goes only with locked", FieldPath = ".lockedReason")]
public sealed record ServerSpec : WireObject
{
    /// <summary>Description, for people.</summary>
    [Text(255)]
    public string? Description { get; init; }

    /// <summary>Name of the Flavor: how many CPUs, how much memory and disk. Another flavor is a resize; setting it back while the phase is <c>VerifyResize</c> reverts it.</summary>
    [ObjectName]
    [ChangeNotImplemented("resize")]
    public required string Flavor { get; init; }

    /// <summary>How a resize is confirmed.</summary>
    [NotImplemented]
    public ServerResize? Resize { get; init; }

    /// <summary>Image from which the root disk is made. Another image is accepted only together with a larger rebuild number, and wipes the root disk.</summary>
    [ChangeNotImplemented("rebuild")]
    public ObjectReference? Image { get; init; }

    /// <summary>A larger number makes the root disk anew from the image. It may only grow, so that going back to an older manifest never wipes a disk.</summary>
    [Range(0, 1e15)]
    [NotImplemented]
    public long? Rebuild { get; init; }

    /// <summary>Certificates that may have signed the image: names of Secrets of this namespace. With any, the signature is checked.</summary>
    [ObjectName]
    [Items(50, Unique = true)]
    [NotImplemented]
    public IReadOnlyList<string>? TrustedImageCertificates { get; init; }

    /// <summary>Wanted power state. A guest that powered itself off stays off until this changes (see onGuestShutdown).</summary>
    public WantedPowerState PowerState { get; init; }

    /// <summary>What to do when the guest powers itself off.</summary>
    public OnGuestShutdown OnGuestShutdown { get; init; }

    /// <summary>The server is kept without running: its guest is shut down, and after offloadAfter its place on the host is given back too.</summary>
    [NotImplemented]
    public ServerShelve? Shelve { get; init; }

    /// <summary>The guest is booted from a rescue image, with its own disks attached.</summary>
    [NotImplemented]
    public ServerRescue? Rescue { get; init; }

    /// <summary>Nothing is done to the server but by admins.</summary>
    [NotImplemented]
    public bool? Locked { get; init; }

    /// <summary>Why it is locked.</summary>
    [Text(255)]
    [NotImplemented]
    public string? LockedReason { get; init; }

    /// <summary>Name of the guest; the Server's name when absent.</summary>
    [Text(63, MinLength = 1, Pattern = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", Must = "a DNS label: lower-case letters, digits and '-', beginning and ending with a letter or digit")]
    [ChangeNotImplemented("rename")]
    public string? Hostname { get; init; }

    /// <summary>Disks, besides or instead of the root disk that flavor and image give; in Nova: block device mapping, version 2.</summary>
    [Items(32, Keys = ["name"])]
    [NotImplemented]
    [Rule("self.exists_one(disk, has(disk.bootIndex) && disk.bootIndex == 0)", "blockDevices must have exactly one disk of bootIndex 0")]
    [Rule("self.filter(disk, has(disk.guestFormat) && disk.guestFormat == 'swap').size() <= 1", "blockDevices must have at most one disk of guestFormat swap")]
    public IReadOnlyList<ServerBlockDevice>? BlockDevices { get; init; }

    /// <summary>Interfaces, in the order in which the guest sees them. None when absent.</summary>
    [Items(16)]
    [ChangeNotImplemented("attaching and detaching interfaces")]
    public IReadOnlyList<ServerNetwork>? Networks { get; init; }

    /// <summary>Names of KeyPairs whose public keys the guest is given.</summary>
    [ObjectName]
    [Items(16, Unique = true)]
    [ChangeNotImplemented("rebuild")]
    public IReadOnlyList<string>? KeyPairs { get; init; }

    /// <summary>Password of the guest's administrator, from a Secret of this namespace; a random one when absent and the image can take one.</summary>
    [NotImplemented]
    public SecretKeyReference? AdminPasswordFrom { get; init; }

    /// <summary>User data for the guest, in clear; at most 65,535 bytes in Base64. For anything secret use userDataFrom.</summary>
    [Text(49149)]
    [Rule("bytes(self).size() <= 49149", "userData must have at most 65,535 bytes in Base64, which are 49,149 bytes of text")]
    [ChangeNotImplemented("rebuild")]
    public string? UserData { get; init; }

    /// <summary>User data for the guest, from a Secret of the Server's namespace.</summary>
    [ChangeNotImplemented("rebuild")]
    public SecretKeyReference? UserDataFrom { get; init; }

    /// <summary>Where the guest finds its metadata: on a drive, or by the metadata service alone.</summary>
    [NotImplemented]
    public bool? ConfigDrive { get; init; }

    /// <summary>Metadata that the guest reads as <c>meta</c>.</summary>
    [Text(255)]
    [Entries(128, 255, KeyPattern = "^[-a-zA-Z0-9_:. ]+$", KeysMust = "made of letters, digits, '-', '_', ':', '.' and spaces")]
    [ChangeNotImplemented("update of the guest's metadata")]
    public IReadOnlyDictionary<string, string>? Metadata { get; init; }

    /// <summary>Tags: words to find servers by that labels cannot hold.</summary>
    [DeviceTag]
    [Items(50, Unique = true)]
    [NotImplemented]
    public IReadOnlyList<string>? Tags { get; init; }

    /// <summary>Availability zone to be placed in; any when absent. A server with a zone stays in it when it moves.</summary>
    [ZoneName]
    [ChangeNotImplemented("unshelve to another zone")]
    public string? AvailabilityZone { get; init; }

    /// <summary>Wishes to the scheduler.</summary>
    [Immutable(Instead = "create another Server")]
    public SchedulerHints? SchedulerHints { get; init; }

    /// <summary>What to do when no host can hold the server: try again when something changes, or fail.</summary>
    public OnNoValidHost OnNoValidHost { get; init; }
}
