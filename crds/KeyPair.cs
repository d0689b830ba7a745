using System.Text.Json.Serialization;
using Kilonova.Crds.Meta;
using Kilonova.Crds.Schema;

namespace Kilonova.Crds;

/// <summary>A public key that servers can be given. Private keys never come here.</summary>
[Kind(ApiGroup.Name, ApiGroup.Version, "KeyPair", "keypairs")]
[Resource("user", ShortNames = ["kp"])]
[Column("Type", ".spec.type")]
[Column("Key", ".spec.publicKey", Wide = true)]
public sealed record KeyPair : KubernetesObject<KeyPairSpec>;

/// <summary>A public key.</summary>
public sealed record KeyPairSpec : WireObject
{
    /// <summary>Kind of key.</summary>
    [Immutable(Instead = "create another KeyPair")]
    public KeyPairType Type { get; init; }

    /// <summary>Public key, in OpenSSH's one-line form.</summary>
    [Text(16384, Pattern = "^(ssh-(rsa|ed25519|dss)|ecdsa-sha2-nistp(256|384|521)|sk-(ssh-ed25519|ecdsa-sha2-nistp256)@openssh[.]com) [A-Za-z0-9+/]+={0,2}( [^\\r\\n]*)?$", Must = "one OpenSSH public key on one line, for instance ssh-ed25519 AAAA… me@example")]
    [Immutable(Instead = "create another KeyPair")]
    public required string PublicKey { get; init; }
}

/// <summary>Kind of key.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<KeyPairType>))]
public enum KeyPairType
{
    /// <summary>For SSH.</summary>
    [JsonStringEnumMemberName("ssh")]
    Ssh,

    /// <summary>A certificate, for Windows remote management.</summary>
    [NotImplemented]
    [JsonStringEnumMemberName("x509")]
    X509,
}
